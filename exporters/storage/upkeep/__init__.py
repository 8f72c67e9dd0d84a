"""What keeps a store small and sound: compaction, inspection, salvage."""
