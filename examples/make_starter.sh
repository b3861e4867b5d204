#!/bin/sh
# Make impsy/starters/ again: a corpus by rule, then the same two commands that anybody would use. Some minutes each.
#
#     sh examples/make_starter.sh [pad] [faders]    (PYTHON=… chooses the interpreter; it needs the extra "train")
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

make() { # what is played on, how many performances of it, the size of the model, how many epochs, the seed of training
    mkdir "$work/$1"
    cd "$work/$1"
    "$python" "$root/examples/$1_corpus.py" logs --minutes 60 --performances "$2" --seed 1
    "$python" "$root/start_impsy.py" dataset
    "$python" "$root/start_impsy.py" train --modelsize "$3" --numepochs "$4" --seed "$5"
    cp models/*.tflite models/*.json "$root/impsy/starters/"
}

[ $# -gt 0 ] || set -- pad faders
for starter; do
    case $starter in
        pad) make pad 20 xs 120 1 ;;
        faders) make fader 40 s 90 3 ;; # of seeds 1 to 3 the liveliest: the score does not tell
    esac
done
