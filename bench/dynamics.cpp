// Networks as dynamical systems: iterates, Jacobians, leading eigenvalues.
#include <memory>  // std::shared_ptr, std::make_shared

#include "basin/certify/certificate.hpp"
#include "basin/data/grid.hpp"
#include "basin/data/swiss_roll.hpp"
#include "basin/dynamics/basin_map.hpp"
#include "basin/dynamics/bottleneck.hpp"
#include "basin/dynamics/fixed_points.hpp"
#include "basin/dynamics/jacobian.hpp"
#include "basin/dynamics/leading.hpp"
#include "basin/dynamics/orbit.hpp"
#include "basin/train/adam.hpp"
#include "basin/train/fit.hpp"
#include "basin/train/schedule.hpp"
#include "networks.hpp"
#include "steps.hpp"

namespace bench {
namespace {

template <class M>
std::vector<float> as_floats(const M& m) {
  const Mat<float> f = m.template cast<float>();
  return {f.data(), f.data() + f.size()};
}

/// The 100 points of Figure 2.
Mat<float> roll() {
  const Mat<double> X = swiss_roll<double>(100, 0).X;
  return (X / X.cwiseAbs().maxCoeff()).cast<float>();
}

/// x = f(x), with the starts of Figure 2 where columns may settle: a grid over the bounding box of its
/// points.
Prepared prepare_orbit(const FullyConnectedNet& net, const Work& work) {
  const auto f = std::make_shared<const Model<FullyConnected<float>>>(fully_connected_net<float>(net),
                                                                      as_vector<float>(start_weights(work)));
  const auto any = std::make_shared<const Model<AnyLayer<float>>>(erased(f->layer), f->theta);
  const Mat<float> x = as_columns<float>(samples(work), net.d);
  Prepared p;
  p.check = [f, x] { return as_floats(orbit(*f, x, {.max_steps = 3}).x); };
  const auto both = [&](const std::string& name, const Mat<float>& starts, const OrbitOptions& o,
                        double calls) {
    const auto add = [&](const std::string& variant, const auto& model) {
      p.variants.push_back({variant,
                            [model, starts, o](long steps) {
                              for (long i = 0; i < steps; ++i) (void)orbit(*model, starts, o);
                            },
                            calls});
    };
    add(name, f);
    add(name + "_erased", any);
  };
  constexpr Index at_once = 10;
  if (work.task == Task::iterate)
    both("orbit", x, {.max_steps = at_once}, static_cast<double>(work.count) / at_once);
  else
    both("settle", bounding_grid<float>(roll(), 10),
         {.max_steps = work.count, .tolerance = 1e-6, .bound = 100}, 1);
  return p;
}

template <class F>
Prepared prepare_jacobian(F f, const Work& work) {
  const auto m = std::make_shared<const Model<F>>(std::move(f), as_vector<float>(weights(work)));
  const auto any = std::make_shared<const Model<AnyLayer<float>>>(erased(m->layer), m->theta);
  const Vec<float> x = as_vector<float>(samples(work));
  Prepared p;
  p.check = [m, x] { return as_floats(jacobian(*m, x)); };
  p.variants.push_back({"jacobian", [m, x](long steps) {
                          for (long i = 0; i < steps; ++i) (void)jacobian(*m, x);
                        }});
  p.variants.push_back({"jacobian_erased", [any, x](long steps) {
                          for (long i = 0; i < steps; ++i) (void)jacobian(*any, x);
                        }});
  return p;
}

Prepared prepare_certificate(const FullyConnectedNet& net, const Work& work) {
  const auto f = std::make_shared<const ExactNetwork>(
      exact_network(Model(fully_connected_net<double>(net), as_vector<double>(weights(work)))));
  const Vec<double> x = as_vector<double>(samples(work));
  Prepared p;
  p.check = [=] {
    const Certificate c = certify_attractor(*f, x);
    require(c.verified, "certify_attractor: ", c.reason);
    return std::vector<float>{static_cast<float>(c.contraction)};
  };
  p.variants.push_back({"certificate", [=](long steps) {
                          for (long i = 0; i < steps; ++i) (void)certify_attractor(*f, x);
                        }});
  return p;
}

template <class F>
Prepared prepare_spectrum(F f, const Work& work) {
  const auto m = std::make_shared<const Model<F>>(std::move(f), as_vector<double>(start_weights(work)));
  const Vec<double> x = as_vector<double>(samples(work));
  const Index count = work.count;
  Prepared p;
  p.check = [=] {
    const Leading leading = leading_eigenvalues(*m, x, count);
    require(leading.converged, "leading_eigenvalues did not converge");
    std::vector<float> moduli;
    for (std::size_t i = 0; i < leading.values.size(); ++i) {
      require(leading.residuals[i] < 1e-8, "leading_eigenvalues: a residual is ", leading.residuals[i]);
      moduli.push_back(static_cast<float>(std::abs(leading.values[i])));
    }
    return moduli;
  };
  p.variants.push_back({"matrix_free", [=](long steps) {
                          for (long i = 0; i < steps; ++i) (void)leading_eigenvalues(*m, x, count);
                        }});
  const auto any = std::make_shared<const Model<AnyLayer<double>>>(erased(m->layer), m->theta);
  p.variants.push_back({"matrix_free_erased", [=](long steps) {
                          for (long i = 0; i < steps; ++i) (void)leading_eigenvalues(*any, x, count);
                        }});
  p.variants.push_back({"of_jacobian", [=](long steps) {
                          for (long i = 0; i < steps; ++i) (void)leading_eigenvalues(jacobian(*m, x), count);
                        }});
  return p;
}

Prepared prepare_search(const FullyConnectedNet& net, const Work& work) {
  const auto f = std::make_shared<const Model<FullyConnected<double>>>(
      fully_connected_net<double>(net), as_vector<double>(start_weights(work)));
  const Mat<double> x = as_columns<double>(samples(work), net.d);
  const auto found = std::make_shared<int>(0);
  Prepared p;
  p.check = [=] { return as_floats((*f)(x)); };
  p.variants.push_back({"newton",
                        [=](long steps) {
                          for (long i = 0; i < steps; ++i) {
                            const FixedPoints<double> points = find_fixed_points(*f, x);
                            const auto entries = points.x.reshaped();
                            *found = distinct_points(std::vector<double>(entries.begin(), entries.end()),
                                                     points.residuals);
                          }
                        },
                        1, [=] { return double(*found); }});
  return p;
}

/// The attractors that the pictures and the midpoints of pairs of them lead to, with measured balls.
template <class F>
std::vector<Attractor<float>> attractors_with_balls(const Model<F>& f) {
  const Mat<float> x = as_columns<float>(starts(), f.layer.in_size());
  std::vector<Attractor<float>> attractors = attractors_of(find_fixed_points(f, x));
  (void)measure_balls(f, attractors);
  return attractors;
}

/// The fates of many starts: with the attractors and their balls known, with these to be found first, and by
/// following all orbits until they settle.
Prepared prepare_fates(const FullyConnectedNet& net, const Work& work) {
  using F = FullyConnected<float>;
  const auto f = std::make_shared<const Model<F>>(fully_connected_net<float>(net),
                                                  as_vector<float>(start_weights(work)));
  const auto x = std::make_shared<const Mat<float>>(as_columns<float>(samples(work), net.d));
  const auto known = std::make_shared<std::vector<Attractor<float>>>();
  BasinMapOptions options;
  options.fates.max_steps = longest_orbit;
  options.fates.relative_tolerance = settled;
  Prepared p;
  p.check = [f, x] { return as_floats(orbit(*f, *x, {.max_steps = 3}).x); };
  p.variants.push_back({"basin_map", [=](long steps) {
                          for (long i = 0; i < steps; ++i) (void)basin_map(*f, *known, *x, options);
                        }});
  p.variants.push_back({"basin_map_and_attractors", [=](long steps) {
                          for (long i = 0; i < steps; ++i)
                            (void)basin_map(*f, attractors_with_balls(*f), *x, options);
                        }});
  p.variants.push_back({"orbit", [=](long steps) {
                          for (long i = 0; i < steps; ++i)
                            (void)orbit(*f, *x, {.max_steps = longest_orbit, .relative_tolerance = settled});
                        }});
  p.before_timing = [=] { *known = attractors_with_balls(*f); };
  return p;
}

/// All eigenvalues that are not 0, from a matrix of the size of the code.
template <class E, class D>
Variant bottleneck(E e, D d, const Work& work) {
  const Vec<double> theta = as_vector<double>(start_weights(work));
  const auto encode = std::make_shared<const Model<E>>(e, Vec<double>(theta.head(e.param_size())));
  const auto decode = std::make_shared<const Model<D>>(d, Vec<double>(theta.tail(d.param_size())));
  const Vec<double> x = as_vector<double>(samples(work));
  return {"bottleneck", [=](long steps) {
            for (long i = 0; i < steps; ++i) (void)bottleneck_spectrum(*encode, *decode, x);
          }};
}

/// Writes all of it, or throws.
template <class T>
void write(const std::string& name, const T* numbers, Index size) {
  const auto count = static_cast<std::size_t>(size);
  std::FILE* file = std::fopen(name.c_str(), "wb");
  require(file != nullptr, name, ": cannot be written");
  const bool whole = std::fwrite(numbers, sizeof(T), count, file) == count;
  require((std::fclose(file) == 0) && whole, name, ": cannot be written");
}
bool is_there(const std::string& name) {
  std::FILE* file = std::fopen(name.c_str(), "rb");
  return file != nullptr && std::fclose(file) == 0;
}

template <class F>
void train(F f, const Mat<float>& x, const FitOptions& options, const Work& work, double rate = 1e-3) {
  Model<F> model(std::move(f), as_vector<float>(weights(work)));
  Adam<float> adam({.learning_rate = rate});
  const FitResult trained = fit(model, x, adam, options);
  write(trained_file(work), model.theta.data(), model.theta.size());
  std::printf("%s: %ld epochs, loss %.2e\n", trained_file(work).c_str(), static_cast<long>(trained.epochs),
              trained.loss);
}
/// The matrix whose eigenvalues are wanted, for LAPACK.
template <class F>
void save_jacobian(F f, const Work& work) {
  const Mat<double> J = jacobian(Model(std::move(f), as_vector<double>(trained_weights(work))),
                                 as_vector<double>(samples(work)));
  write(jacobian_file(work), J.data(), J.size());
}

}  // namespace

Prepared prepare_study(const Work& work) {
  if (const auto* net = std::get_if<FullyConnectedNet>(&work.net)) {
    if (work.task == Task::jacobian) return prepare_jacobian(fully_connected_net<float>(*net), work);
    if (work.task == Task::spectrum) return prepare_spectrum(fully_connected_net<double>(*net), work);
    if (work.task == Task::find) return prepare_search(*net, work);
    if (work.task == Task::certify) return prepare_certificate(*net, work);
    if (work.task == Task::fates) return prepare_fates(*net, work);
    return prepare_orbit(*net, work);
  }
  const auto& net = std::get<ImageNet>(work.net);
  if (work.task == Task::jacobian) return prepare_jacobian(autoencoder<float>(net), work);
  Prepared p = prepare_spectrum(autoencoder<double>(net), work);
  p.variants.push_back(
      bottleneck(encoder<double>(net.side, net.channels), decoder<double>(net.side, net.channels), work));
  return p;
}

void train_and_save(const Work& work, long max_epochs) {
  FitOptions options{.max_epochs = 1000, .loss_below = 1e-6};
  if (work.task == Task::settle) {  // as Figure 2, but fewer epochs
    options.max_epochs = 3000;
    options.schedule = schedule::step_decay(1000, 0.5);
  }
  const bool pictured = work.task == Task::find || work.task == Task::fates;
  if (pictured) {  // as Figure 3
    options = {.max_epochs = 20000, .loss_below = 1e-8};
    options.schedule = schedule::step_decay(1000, 0.85);
  }
  if (max_epochs > 0) options.max_epochs = max_epochs;
  const auto* dense = std::get_if<FullyConnectedNet>(&work.net);
  if (work.task == Task::settle) {
    if (!is_there(trained_file(work))) train(fully_connected_net<float>(*dense), roll(), options, work);
  } else if (work.task == Task::spectrum) {
    const Mat<float> x = as_columns<float>(samples(work, 10), work.in_size());  // noise, to be memorized
    const auto both = [&](const auto& in_float, const auto& in_double) {
      if (!is_there(trained_file(work))) train(in_float, x, options, work);
      if (!is_there(jacobian_file(work))) save_jacobian(in_double, work);
    };
    if (dense != nullptr)
      return both(fully_connected_net<float>(*dense), fully_connected_net<double>(*dense));
    const auto& net = std::get<ImageNet>(work.net);
    both(autoencoder<float>(net), autoencoder<double>(net));
  } else if (pictured) {
    const Mat<float> x = as_columns<float>(pictures(), dense->d).leftCols(learned_pictures);
    if (!is_there(trained_file(work))) train(fully_connected_net<float>(*dense), x, options, work, 2e-3);
  } else {
    throw std::invalid_argument("train: " + work.name + " needs no trained network");
  }
}

}  // namespace bench
