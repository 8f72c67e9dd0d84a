"""From a request to a run: what may be asked, who waits, what is answered."""
