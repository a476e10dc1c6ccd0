"""What is chosen, on LFW's view 1 alone: the steps of recognition, the weight of its parts, and the thresholds."""
