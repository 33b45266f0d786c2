"""Catalogs, money, dates and plurals for every text a person reads."""
