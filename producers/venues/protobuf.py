"""The little of Protocol Buffers that it takes to read a flat message.

https://protobuf.dev/programming-guides/encoding.
"""

import struct

Field = int | bytes | float

_float = struct.Struct("<f").unpack_from
_double = struct.Struct("<d").unpack_from


def fields(raw: bytes) -> dict[int, Field]:
    """Return a message's fields by number; of a repeated one, the last.

    Integers come as they travel (see `zigzag`), text and messages as bytes,
    32 and 64 bits as floating point numbers.

    Raises:
        ValueError: it is cut short, or no such message.
    """
    found: dict[int, Field] = {}
    place, size = 0, len(raw)
    try:
        while place < size:
            # Nearly every key and length is one byte: a call for each would
            # take longer than all the rest.
            key = raw[place]
            place += 1
            if key > 0x7F:
                key, place = _varint(raw, place - 1)
            number, kind = key >> 3, key & 7
            if kind in (0, 2):  # an integer, or how many bytes follow
                value = raw[place]
                place += 1
                if value > 0x7F:
                    value, place = _varint(raw, place - 1)
                if kind == 2:
                    start, place = place, place + value
                    found[number] = raw[start:place]
                else:
                    found[number] = value
            elif kind == 5:
                (found[number],) = _float(raw, place)
                place += 4
            elif kind == 1:
                (found[number],) = _double(raw, place)
                place += 8
            else:
                raise ValueError(f"field {number} of kind {kind} before byte {place}")
    except (IndexError, struct.error):
        raise ValueError(f"cut short at byte {size}") from None
    if place > size:
        raise ValueError(f"cut short at byte {size}")
    return found


def zigzag(number: int) -> int:
    """Return the signed integer that travels as `number` (sint32, sint64)."""
    return (number >> 1) ^ -(number & 1)


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while shift < 70:
        byte = raw[place]
        place += 1
        if byte < 0x80:
            return number | byte << shift, place
        number |= (byte & 0x7F) << shift
        shift += 7
    raise ValueError(f"no integer before byte {place}")
