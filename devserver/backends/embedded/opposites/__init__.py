"""Lists of opposites, and the grammar that English and German need to turn a word round."""
