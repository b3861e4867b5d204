"""impsy: a predictive music server for the stage, the studio and the lab."""

__version__ = "0.1.0"
