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
np.save("big_endian.npy", np.array([1.0, 2.0], ">f8"))
with open("f8_version_2.npy", "wb") as f:
    np.lib.format.write_array(f, np.array([0.5, -0.25]), version=(2, 0))

arrays = {"W": np.arange(6).reshape(2, 3) / 3, "b": np.arange(2, dtype="<f4")}
np.savez("stored.npz", **arrays)
np.savez_compressed("deflated.npz", **arrays)

with open("named.bin.gz", "wb") as f:  # a header with name and time, then a second member
    with gzip.GzipFile("named.bin", "wb", fileobj=f, mtime=1) as z:
        z.write(bytes(range(256)))
    with gzip.GzipFile("", "wb", fileobj=f, mtime=0) as z:
        z.write(b"second")
