"""Predictions of a real model on real data, to try things on."""
