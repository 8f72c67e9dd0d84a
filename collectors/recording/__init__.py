"""What happens in the process that runs the pipeline: spans begin, are followed, and end."""
