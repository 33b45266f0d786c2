"""Speak Twilio's Messaging and Content APIs as Twilio does."""
