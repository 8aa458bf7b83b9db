// Whether a layer keeps its contract, as a test case requires it.
#pragma once
#include "basin/check/check_layer.hpp"
#include "support/catch.hpp"

template <basin::Layer F>
void require_contract(const F& f, const basin::CheckOptions<typename F::Scalar>& options = {}) {
  const basin::CheckReport report = basin::check_layer(f, options);
  INFO(basin::layer_name(f) << ": " << report);
  REQUIRE(static_cast<bool>(report));
}
