// Check a certificate, STEM.json and STEM.npz: print what it proves, or what of it fails.
#include <cstdio>     // std::printf, std::fprintf
#include <exception>  // std::exception

#include "basin/certify/checker.hpp"  // check_certificate

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(
        stderr,
        "usage: check_certificate STEM\n"
        "Checks the certificate in STEM.json and STEM.npz. Status: 0 it is proved, 1 it is not, 2 error.\n");
    return 2;
  }
  try {
    const basin::CheckResult r = basin::check_certificate(argv[1]);
    if (!r.valid) {
      std::printf("NOT PROVED. %s\n", r.reason.c_str());
      return 1;
    }
    std::printf(
        "PROVED. Let f be the network in the files, from R^%zu to itself, c the centre, |v|_T = |T v|.\n",
        r.size);
    std::printf("f has exactly one fixed point x* with |x* - c|_T <= %.6g; it has |x* - c|_T <= %.3g;\n",
                r.radius, r.error);
    std::printf(
        "|f(x) - x*|_T <= %.9g |x - x*|_T whenever |x - c|_T <= %.6g, so that the orbit of x ends at x*.\n",
        r.contraction, r.radius);
    std::printf("All x with |x - c|_2 <= %.6g are among them.\n\n", r.radius_2norm);
    std::printf("Computed here:  |f(c) - c|_T <= %.3Lg  (claimed %.3g)\n", r.found_residual, r.residual);
    std::printf("                contraction  %.12Lg  (claimed %.12g), near c %.6Lg\n", r.found_contraction,
                r.contraction, r.found_pairs);
    std::printf("                |T|_2 <= %.6Lg\n", r.found_norm);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "check_certificate: error: %s\n", e.what());
    return 2;
  }
}
