"""What the estimators predict: mixtures of normal distributions, their quantiles and covariances."""
