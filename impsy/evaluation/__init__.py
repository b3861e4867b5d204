"""The judge: how well a model foresees a performer, and how alike it plays."""
