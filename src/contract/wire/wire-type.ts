/** How a field's bytes are laid out, by protobuf's numbers. The low three bits of a tag. */
export const WireType = { VARINT: 0, FIXED64: 1, LENGTH: 2, GROUP_START: 3, GROUP_END: 4, FIXED32: 5 } as const;

/** The tag of a number, a bool or an enum. */
export const varintTag = (field: number): number => (field << 3) | WireType.VARINT;

/** The tag of a string, bytes or a message. */
export const lengthTag = (field: number): number => (field << 3) | WireType.LENGTH;
