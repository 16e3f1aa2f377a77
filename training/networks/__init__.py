"""training/networks"""
