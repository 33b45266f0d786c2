"""Words for this person: locale, money, dates, HTML, text, SMS segments."""
