/** As PyTorch's `layer_norm` has it, so that a vector without any spread is not divided by zero. */
const epsilon = 1e-5;

/** Centres the components on 0 and scales them to a variance of 1, as nomic-embed-text wants it before vectors are shortened. */
export function layerNormalise(components: Float32Array): Float32Array {
  const { length } = components;
  const mean = components.reduce((sum, component) => sum + component, 0) / length;
  const variance = components.reduce((sum, component) => sum + (component - mean) ** 2, 0) / length;
  const scale = 1 / Math.sqrt(variance + epsilon);
  return components.map((component) => (component - mean) * scale);
}
