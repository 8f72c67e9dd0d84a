"""What stands in a document of many runs: title, contents, summary, plots, side by side what is alike, and each run."""
