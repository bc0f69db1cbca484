"""Gas of each operation, read off the receipts of a node of its own."""
