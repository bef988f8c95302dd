"""Metric trust: targets, scale bars and control in the network, and what their adjustment says of uncertainty."""
