// LAPACK's dgeev for the leading eigenvalues of steps.cpp: all eigenvalues, no vectors, of a Jacobian that it is given
// (basin makes it, which is not timed). The speed is that of the BLAS behind it.
#include <lapacke.h>

#include <complex>  // std::complex, std::abs

#include "basin/core/parallel.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "networks.hpp"
#include "program.hpp"

namespace {

using namespace basin;

class Program {
 public:
  Program(const bench::Work& work, int threads) : count_(static_cast<std::size_t>(work.count)) {
    if (work.task != bench::Task::spectrum) throw bench::LeftOut("LAPACK has eigenvalues only");
    set_num_threads(threads);
    const Vec<double> theta = bench::as_vector<double>(bench::start_weights(work));
    const Vec<double> x = bench::as_vector<double>(bench::samples(work));
    if (const auto* net = std::get_if<bench::ImageNet>(&work.net))
      J_ = jacobian(Model(bench::autoencoder<double>(*net), theta), x);
    else
      J_ = jacobian(
          Model(bench::fully_connected_net<double>(std::get<bench::FullyConnectedNet>(work.net)), theta), x);
  }
  std::vector<float> check() const {
    std::vector<float> moduli;
    for (const std::complex<double>& value : eigenvalues())
      moduli.push_back(static_cast<float>(std::abs(value)));
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
  std::vector<std::complex<double>> eigenvalues() const {
    Mat<double> A = J_;
    const auto n = static_cast<lapack_int>(A.rows());
    Vec<double> re(n), im(n);
    if (LAPACKE_dgeev(LAPACK_COL_MAJOR, 'N', 'N', n, A.data(), n, re.data(), im.data(), nullptr, 1, nullptr,
                      1) != 0)
      throw std::runtime_error("dgeev failed");
    std::vector<std::complex<double>> values;
    for (Index i = 0; i < n; ++i) values.emplace_back(re[i], im[i]);
    return values;
  }

  std::size_t count_;
  Mat<double> J_;
};

}  // namespace

int main(int argc, char** argv) { return bench::run<Program>(argc, argv); }
