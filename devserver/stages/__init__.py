"""What happens inside the stages of the pipeline; `devserver/pipeline.py` says in which order."""
