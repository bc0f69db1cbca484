"""The whole protocol, replayed over a path of prices."""
