"""Writes the files of this folder with NumPy and the gzip module, for the readers' tests."""
import gzip

import numpy as np

k = np.arange(24)
np.save("f4_c_3x4.npy", (np.arange(12) / 7).astype("<f4").reshape(3, 4))
np.save("f8_f_3x4.npy", np.asfortranarray((np.arange(12) / 7).reshape(3, 4)))
np.save("f8_0d.npy", np.float64(2.5))
np.save("u1_2x3x4.npy", (10 * k).astype("|u1").reshape(2, 3, 4))
np.save("i4_f_2x3x4.npy", np.asfortranarray((1000 * k - 5).astype("<i4").reshape(2, 3, 4)))
np.save("i8_5.npy", np.array([0, -1, 2**40, -(2**53), 7], "<i8"))
np.save("f8_empty_0x3.npy", np.zeros((0, 3)))
for version in 2, 3:
    with open(f"f8_version_{version}.npy", "wb") as f:
        np.lib.format.write_array(f, np.array([0.5, -0.25]), version=(version, 0))

types = {
    "b1": [True, False, False, True],
    "i1": [-128, 127, 0, 3],
    "u1": [0, 255, 128, 3],
    "i2": [-(2**15), 2**15 - 1, 0, 0x0102],
    "u2": [0, 2**16 - 1, 2**15, 0x0102],
    "i4": [-(2**31), 2**31 - 1, 0, 0x01020304],
    "u4": [0, 2**32 - 1, 2**31, 0x01020304],
    "i8": [-(2**63), 2**63 - 1, 0, 0x010203040506],
    "u8": [0, 2**64 - 1, 2**63, 0x010203040506],
    "f2": [-65504, 2.0**-24, 1.5, 1 / 3],
    "f4": [-np.finfo("f4").max, 2.0**-149, 1.5, 1 / 3],
    "f8": [-(2.0**100), 2.0**-100, 1.5, 1 / 3],
}
for name, values in types.items():
    np.save(f"{name}_le.npy", np.array(values, "<" + name).reshape(2, 2))
    np.save(f"{name}_be.npy", np.asfortranarray(np.array(values, ">" + name).reshape(2, 2)))
np.save("i8_rounded.npy", np.array([2**53 + 1, 2**53 + 3, -(2**53) - 1, 2**63 - 1], "<i8"))

arrays = {"W": np.arange(6).reshape(2, 3) / 3, "b": np.arange(2, dtype="<f4")}
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)

with open("named.bin.gz", "wb") as f:  # a header with name and time, then a second member
    with gzip.GzipFile("named.bin", "wb", fileobj=f, mtime=1) as z:
        z.write(bytes(range(256)))
    with gzip.GzipFile("", "wb", fileobj=f, mtime=0) as z:
        z.write(b"second")
