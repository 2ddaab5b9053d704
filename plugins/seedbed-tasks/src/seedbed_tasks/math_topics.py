"""What mathematical problems can be about."""

MATH_TOPICS = (
    *("addition and subtraction in everyday life", "multiplication and division", "fractions", "percentages"),
    *("ratios and proportions", "units of measurement", "money and prices", "speed, distance and time"),
    *("mean, median and range", "linear equations", "systems of equations", "quadratic equations"),
    *("inequalities", "sequences and series", "exponents and logarithms", "polynomials", "functions"),
    *("areas and perimeters", "volumes and surfaces", "angles and triangles", "circles", "coordinates"),
    *(
        "trigonometry",
        "vectors",
        "divisibility and primes",
        "modular arithmetic",
        "counting and permutations",
    ),
    *("probability", "expected values", "sets", "derivatives", "integrals", "matrices", "complex numbers"),
)
