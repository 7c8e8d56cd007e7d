namespace TokenHub.Protocols.Forms;

/// <summary>Why a form was refused: one sentence, and the field it is about, or none.</summary>
public readonly record struct FormFault(string Message, string? Field = null)
{
    public bool IsNone => Message is null;

    internal static FormFault Malformed(long at) => new($"The request body is not a well-formed form, at byte {at}.");
}
