"""What several pages are made of: choices, cards in pages, pads, consents, a progress bar, a QR picture."""
