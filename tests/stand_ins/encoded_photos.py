"""Invented photos in the formats of users' photos."""

import base64
import io
import zlib

import numpy as np
from PIL import Image

FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF")
LOSSLESS = ("PNG", "GIF", "BMP", "TIFF", "PPM")
ORIENTATION = 0x0112

# 48 x 32 pixels, squares of 16 x 16: red, green; blue, light grey; black, grey; the
# EXIF orientation 6. Made once: pillow_heif.from_pillow(photo).save(file, quality=50,
# exif=exif) of pillow-heif 1.8.1.
HEIC = base64.b64decode(
    """
AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAchtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAA
AAAAAAAAAAAAAAAAADRpbG9jAAAAAERAAAIAAQAAAAAB7AABAAAAAAAAAIEAAgAAAAACbQABAAAAAAAAACQA
AAA4aWluZgAAAAAAAgAAABVpbmZlAgAAAAABAABodmMxAAAAABVpbmZlAgAAAQACAABFeGlmAAAAAA5waXRt
AAAAAAABAAABB2lwcnAAAADmaXBjbwAAAHZodmNDAQNwAAAAkAAAAAAAHvAA/P34+AAADwNgAAEAGEABDAH/
/wNwAAADAJAAAAMAAAMAHroCQGEAAQAqQgEBA3AAAAMAkAAAAwAAAwAeoCCBBZbq5Ka5uAhoMCAAAAMDIAAA
AwAhYgABAAZEAcFzwIkAAAATY29scm5jbHgAAQANAAaAAAAAFGlzcGUAAAAAAAAAQAAAAEAAAAAoY2xhcAAA
ACAAAAABAAAAMAAAAAH////gAAAAAv////AAAAACAAAAEHBpeGkAAAAAAwgICAAAAAlpcm90AwAAABlpcG1h
AAAAAAAAAAEAAQaBAgMFhIYAAAAaaXJlZgAAAAAAAAAOY2RzYwACAAEAAQAAAK1tZGF0AAAAfSgBrxOA5TOR
f/+htT/1HhP+wsNSt6wHH/MUX/1g2S1/ygxY+FMJ/xrQoRMe/nq/zwIpJlc9WDCKO3L/NLP8pea5i1xJNYJ2
K/rjd/1XB/374zUeobMvlRNO52ExSKu1OuHCJFOxY2SX4pNqBP8ebH3YEVnCpfvUTGr0lraAAAAABkV4aWYA
AE1NACoAAAAIAAEBEgADAAAAAQAGAAAAAAAA
"""
)


def encode(photo, kind="PNG", **options):
    file = io.BytesIO()
    if not isinstance(photo, Image.Image):
        photo = Image.fromarray(np.asarray(photo))
    photo.save(file, kind, **options)
    return file.getvalue()


def make_noise(height=40, width=30, channels=3):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def make_exif(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def claim_size(content, width, height):
    """Change the size in the head of a png; its checksum too."""
    head = content[12:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big")
    head += content[24:29]
    return content[:12] + head + zlib.crc32(head).to_bytes(4, "big") + content[33:]
