"""Which model stands in a configuration once a controller was learned: what fits stays, a starter plays meanwhile."""

from pathlib import Path

import pytest

from impsy.cli.learned import open_target, write
from impsy.config.load import load_config

ROOT = Path(__file__).parents[1]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "config.toml"


def learned(path, controls, before=None):
    if before is not None:
        path.write_text(before)
    changes = {"serial": {"port": "/dev/ttyACM0"}}
    written = write(open_target(path), "Knobs", controls, changes)
    loaded = load_config(path)
    assert loaded.problems == ()
    return written, loaded.config.model


@pytest.mark.parametrize(("controls", "starter"), [(2, "starter:pad"), (8, "starter:faders")])
def test_where_no_model_is_named_the_starter_for_as_many_controls_is(path, controls, starter):
    written, model = learned(path, controls, '[osc]\n\n[serial]\nport = "x"\n')

    assert (written.starter, written.set_aside) == (starter, None)
    assert (model.file, model.dimension) == (starter, controls + 1)
    assert "\n\n[model]\n# a small model that comes with impsy" in path.read_text()


def test_in_a_new_configuration_for_eight_controls_their_starter_takes_the_place_of_the_pad_s(path):
    written, model = learned(path, 8)

    assert (written.starter, written.set_aside) == ("starter:faders", None)
    assert model.file == "starter:faders"
    assert "starter:pad" not in path.read_text()


def test_in_a_new_configuration_for_two_controls_nothing_has_to_change(path):
    written, model = learned(path, 2)

    assert (written.starter, written.set_aside) == (None, None)
    assert model.file == "starter:pad"


def test_a_model_of_one_s_own_stays_where_it_fits_and_is_kept_as_a_remark_where_it_does_not(path):
    own = str(ROOT / "impsy" / "starters" / "musicMDRNN-dim9-layers2-units64-mixtures5-scale10.tflite")
    before = f'[model]\nfile = "{own}"  # mine\n'
    written, model = learned(path, 8, before)

    assert (written.starter, written.set_aside) == (None, None)
    assert model.file == own

    written, model = learned(path, 2, before)

    assert (written.starter, written.set_aside) == ("starter:pad", own)
    assert model.file == "starter:pad"
    assert f'# file = "{own}" # mine\n' in path.read_text()


@pytest.mark.parametrize(("controls", "before"), [(3, None), (8, '[model]\nsize = "xs"\n')])
def test_where_no_starter_fits_none_is_written(path, controls, before):
    written, model = learned(path, controls, before)

    assert written.starter is None
    assert model.file is None
    assert model.dimension == controls + 1
