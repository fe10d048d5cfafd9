"""Photos of any kind: listed files and URLs in, upright pixels out."""
