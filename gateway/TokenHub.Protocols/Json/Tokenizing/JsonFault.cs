namespace TokenHub.Protocols.Json.Tokenizing;

/// <summary>Why bytes are not one strict JSON document.</summary>
internal enum JsonFault : byte
{
    None,

    /// <summary>A byte that the grammar does not allow at its place.</summary>
    Unexpected,

    /// <summary>Nesting beyond the limit.</summary>
    TooDeep,

    /// <summary>A raw control character inside a string.</summary>
    ControlInString,

    /// <summary>An escape that JSON does not know.</summary>
    BadEscape,

    /// <summary>A number against the grammar.</summary>
    BadNumber,

    /// <summary>A number of more than <see cref="JsonTokenizer.NumberBytesMax"/> characters.</summary>
    NumberTooLong,
}
