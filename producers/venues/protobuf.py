"""The little of Protocol Buffers that it takes to read a flat message.

https://protobuf.dev/programming-guides/encoding.
"""

import struct

Field = int | bytes | float


def fields(raw: bytes) -> dict[int, Field]:
    """Return a message's fields by number; of a repeated one, the last.

    Integers come as they travel (see `zigzag`), text and messages as bytes,
    32 and 64 bits as floating point numbers.

    Raises:
        ValueError: it is cut short, or no such message.
    """
    found: dict[int, Field] = {}
    place = 0
    while place < len(raw):
        key, place = _varint(raw, place)
        number, kind = key >> 3, key & 7
        if kind == 0:
            found[number], place = _varint(raw, place)
            continue
        size = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            size, place = _varint(raw, place)
        if size is None or place + size > len(raw):
            raise ValueError(f"field {number} of kind {kind} at byte {place}")
        piece = raw[place : place + size]
        place += size
        if kind == 2:
            found[number] = piece
        else:
            found[number] = struct.unpack("<d" if kind == 1 else "<f", piece)[0]
    return found


def zigzag(number: int) -> int:
    """Return the signed integer that travels as `number` (sint32, sint64)."""
    return (number >> 1) ^ -(number & 1)


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if place >= len(raw):
            break
        byte = raw[place]
        place += 1
        number |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return number, place
    raise ValueError(f"no integer at byte {place}")
