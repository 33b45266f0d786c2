"""Vendor adapters: translate, decide nothing, store nothing."""
