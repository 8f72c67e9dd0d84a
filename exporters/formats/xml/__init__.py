"""Records as XML, lossless and in the elements of earlier exports."""
