"""The model at run time: what a file holds, and the predictor that plays it."""
