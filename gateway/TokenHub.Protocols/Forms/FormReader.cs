using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using TokenHub.Core.Usage;

namespace TokenHub.Protocols.Forms;

/// <summary>
/// Reads a multipart form once, forward, without copying it: which model, which file, how many answers. What readers
/// downstream might understand otherwise (duplicates, spellings, a preamble, encoded names) is refused.
/// </summary>
public static class FormReader
{
    public const int PartsMax = 64;
    public const int PartHeadBytesMax = 4 << 10;

    private const int AnswersMax = 128;

    /// <summary>False with a fault when the body must be refused.</summary>
    public static bool TryRead(
        ReadOnlySpan<byte> body, ReadOnlySpan<byte> boundary, out FormFacts facts, out FormFault fault)
    {
        // A line end, two dashes and the boundary; before the first part there is no line end.
        Span<byte> delimiter = stackalloc byte[FormBoundary.BytesMax + 4];
        "\r\n--"u8.CopyTo(delimiter);
        boundary.CopyTo(delimiter[4..]);
        delimiter = delimiter[..(boundary.Length + 4)];
        facts = new FormFacts { N = 1 };
        var seen = FormFields.None;
        if (!body.StartsWith(delimiter[2..]))
        {
            fault = FormFault.Malformed(0);
            return false;
        }

        var at = delimiter.Length - 2;
        for (var parts = 0; ; parts++)
        {
            if (body[at..].StartsWith("--"u8))
            {
                return TryEnd(body[(at + 2)..], at + 2, facts, out fault);
            }

            if (parts == PartsMax)
            {
                fault = new FormFault($"The form has more than {PartsMax} parts.");
                return false;
            }

            if (!body[at..].StartsWith("\r\n"u8) || !FormPart.TryRead(body, at + 2, out var part, out fault))
            {
                fault = FormFault.Malformed(at);
                return false;
            }

            if (!fault.IsNone)
            {
                return false;
            }

            // A delimiter that shares its line end with the head is read as such by some, and as text by others.
            var length = body[(part.BodyAt - 2)..].IndexOf(delimiter) - 2;
            if (length < 0)
            {
                fault = FormFault.Malformed(part.BodyAt);
                return false;
            }

            var value = new Range(part.BodyAt, part.BodyAt + length);
            if (!TryTake(body, part, value, ref seen, ref facts, out fault))
            {
                return false;
            }

            at = part.BodyAt + length + delimiter.Length;
        }
    }

    /// <summary>Writes the form with another model's name in it; every other byte is the caller's own.</summary>
    public static void Write(
        ReadOnlySpan<byte> body, in FormFacts facts, string model, System.Buffers.IBufferWriter<byte> writer)
    {
        System.Buffers.BuffersExtensions.Write(writer, body[..facts.Model.Start.Value]);
        Encoding.UTF8.GetBytes(model, writer);
        System.Buffers.BuffersExtensions.Write(writer, body[facts.Model.End.Value..]);
    }

    private static bool TryEnd(ReadOnlySpan<byte> rest, long at, in FormFacts facts, out FormFault fault)
    {
        fault = rest.IndexOfAnyExcept("\r\n"u8) >= 0 ? FormFault.Malformed(at)
            : facts.Model.End.Value == 0 ? new FormFault("The field 'model' is missing.", "model")
            : default;
        return fault.IsNone;
    }

    private static bool TryTake(
        ReadOnlySpan<byte> body, in FormPart part, Range range, ref FormFields seen, ref FormFacts facts,
        out FormFault fault)
    {
        fault = default;
        var value = body[range];
        var field = FormPart.FieldOf(part.Name, out var isExact);
        if (field == FormFields.None)
        {
            facts = part.IsFile
                ? facts with { Files = facts.Files + 1 }
                : facts with { TextBytes = facts.TextBytes + value.Length };
            return true;
        }

        var name = FormPart.NameOf(field);
        fault = !isExact ? new FormFault($"A field of the form reads like '{name}' but is spelled differently.", name)
            : (seen & field) != 0 ? new FormFault($"The field '{name}' stands in the form more than once.", name)
            : part.IsFile != (field == FormFields.File) || part.IsEncoded
                ? new FormFault(
                    $"The field '{name}' must be {(field == FormFields.File ? "a file" : "plain text")}.", name)
            : default;
        seen |= field;
        return fault.IsNone && TryRead(field, value, range, ref facts, out fault);
    }

    private static bool TryRead(
        FormFields field, ReadOnlySpan<byte> value, Range range, ref FormFacts facts, out FormFault fault)
    {
        fault = default;
        switch (field)
        {
            case FormFields.Model:
                facts = facts with { Model = range };
                fault = value.Length is > 0 and <= UsageRecord.ModelBytesMax && Utf8.IsValid(value)
                    && !value.ContainsAnyInRange((byte)0, (byte)31)
                    ? default
                    : new FormFault(
                        $"The field 'model' must be 1 to {UsageRecord.ModelBytesMax} bytes without control characters.",
                        "model");
                break;
            case FormFields.Stream:
                var isTrue = Ascii.EqualsIgnoreCase(value, "true"u8) || value.SequenceEqual("1"u8);
                facts = facts with { Stream = isTrue };
                fault = isTrue || value.IsEmpty || Ascii.EqualsIgnoreCase(value, "false"u8)
                    || value.SequenceEqual("0"u8)
                    ? default
                    : new FormFault("The field 'stream' must be true or false.", "stream");
                break;
            case FormFields.N or FormFields.PartialImages:
                var isNumber = Utf8Parser.TryParse(value, out int number, out var used) && used == value.Length
                    && number is >= 0 and <= AnswersMax;
                facts = field == FormFields.N
                    ? facts with { N = Math.Max(1, number) }
                    : facts with { PartialImages = number };
                fault = isNumber || value.IsEmpty ? default : new FormFault(
                    $"The field '{FormPart.NameOf(field)}' must be a whole number up to {AnswersMax}.",
                    FormPart.NameOf(field));
                break;
            case FormFields.File:
                facts = facts with { File = range };
                break;
            default:
                facts = facts with { TextBytes = facts.TextBytes + value.Length };
                break;
        }

        return fault.IsNone;
    }
}
