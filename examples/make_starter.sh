#!/bin/sh
# Make impsy/starters/ again: a corpus by rule, then the same two commands that anybody would use. About two minutes.
#
#     sh examples/make_starter.sh            (PYTHON=… chooses the interpreter; it needs the extra "train")
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
python=${PYTHON:-python3}
name=musicMDRNN-dim3-layers2-units32-mixtures5-scale10
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"

cd "$work"
"$python" "$root/examples/pad_corpus.py" logs --minutes 60 --performances 20 --seed 1
"$python" "$root/start_impsy.py" dataset
"$python" "$root/start_impsy.py" train --modelsize xs --numepochs 100 --seed 1
cp "models/$name.tflite" "$root/impsy/starters/$name.tflite"
echo "$root/impsy/starters/$name.tflite"
