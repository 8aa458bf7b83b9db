// LAPACK's dgeev for the leading eigenvalues of dynamics.cpp: all eigenvalues, no vectors, of the Jacobian
// that `bench_steps train` wrote. Its speed is that of the BLAS behind it.
#include <lapacke.h>

#include <cmath>  // std::hypot

#include "steps.hpp"  // jacobian_file

namespace {

class Program {
 public:
  Program(const bench::Work& work, int) : n_(work.in_size()), count_(static_cast<std::size_t>(work.count)) {
    if (work.task != bench::Task::spectrum) throw bench::LeftOut("LAPACK has eigenvalues only");
    const std::string name = bench::jacobian_file(work);
    J_.resize(static_cast<std::size_t>(n_) * static_cast<std::size_t>(n_));
    std::FILE* file = std::fopen(name.c_str(), "rb");
    if (file == nullptr) throw std::runtime_error(name + ": not there, `bench_steps train` writes it");
    const std::size_t count = std::fread(J_.data(), sizeof(double), J_.size(), file);
    std::fclose(file);
    if (count != J_.size()) throw std::runtime_error(name + ": too short");
  }
  std::vector<float> check() const {
    std::vector<float> moduli = eigenvalues();
    std::sort(moduli.rbegin(), moduli.rend());
    moduli.resize(count_);
    return moduli;
  }
  std::vector<bench::Variant> variants() const {
    return {{"dgeev", [this](long steps) {
               for (long i = 0; i < steps; ++i) (void)eigenvalues();
             }}};
  }

 private:
  std::vector<float> eigenvalues() const {  // their moduli
    std::vector<double> A = J_, re(static_cast<std::size_t>(n_)), im = re;
    if (LAPACKE_dgeev(LAPACK_COL_MAJOR, 'N', 'N', n_, A.data(), n_, re.data(), im.data(), nullptr, 1, nullptr,
                      1) != 0)
      throw std::runtime_error("dgeev failed");
    std::vector<float> moduli;
    for (std::size_t i = 0; i < re.size(); ++i)
      moduli.push_back(static_cast<float>(std::hypot(re[i], im[i])));
    return moduli;
  }

  lapack_int n_;
  std::size_t count_;
  std::vector<double> J_;
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
