"""Records out: by id, by selection, or by SQL; what is damaged is said and left out."""
