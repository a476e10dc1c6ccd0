"""The choices that are made on LFW's view 1 alone: the steps of recognition, the weights of its parts, and the
thresholds."""
