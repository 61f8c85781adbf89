/** Stands in for what only a browser uses of the SDK. */
export default {};
