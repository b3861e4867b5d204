"""The interaction modes as a table: who feeds the model, and who is heard (formats §6)."""

from enum import StrEnum

from msgspec import Struct


class Mode(StrEnum):
    """How performer and model share the instrument; the values are the words of configs and OSC."""

    CALLRESPONSE = "callresponse"
    POLYPHONY = "polyphony"
    BATTLE = "battle"
    USERONLY = "useronly"


class Turn(StrEnum):
    """Whose turn it is; outside callresponse it stays `call`."""

    CALL = "call"
    RESPONSE = "response"


class Wiring(Struct, frozen=True):
    """What a mode connects."""

    performer_feeds_model: bool  # each gesture is a step of the model
    takes_over: bool  # after `threshold` seconds of silence the model plays by itself
    answers_each: bool  # each gesture is answered by one prediction
    plays_alone: bool  # the model goes on from its own output, whatever the performer does


#                            feeds  takes over  answers  alone
WIRING = {
    Mode.CALLRESPONSE: Wiring(True, True, False, False),
    Mode.POLYPHONY: Wiring(True, False, True, False),
    Mode.BATTLE: Wiring(False, False, False, True),
    Mode.USERONLY: Wiring(False, False, False, False),
}
