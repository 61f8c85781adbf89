/** The package brings no types of its own. It changes what it is given: hand it a clone. */
declare module 'asl-validator' {
  export default function validate(definition: object): { isValid: boolean; errorsText(separator?: string): string };
}
