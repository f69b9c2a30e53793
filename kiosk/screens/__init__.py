"""The pages of the kiosk, one file each; `pages` says which class shows which place."""
