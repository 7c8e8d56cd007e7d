using System.Globalization;
using System.Text;

namespace TokenHub.Protocols.Tokens;

/// <summary>What the splitting rules of the vocabularies tell apart.</summary>
internal enum CharClass : byte
{
    /// <summary>Behind the last character.</summary>
    End,

    /// <summary>The bytes end within a character.</summary>
    Cut,
    Upper,
    Lower,

    /// <summary>Letters without case, and modifiers.</summary>
    Plain,
    Mark,
    Number,
    Newline,
    Space,
    Other,
}

internal static class CharClasses
{
    private static readonly CharClass[] Ascii = [.. Enumerable.Range(0, 128).Select(c => Of(new Rune(c)))];

    /// <summary>The class of the character at a place, and its length in bytes.</summary>
    public static CharClass At(ReadOnlySpan<byte> text, int at, out int length)
    {
        length = 1;
        if (at >= text.Length)
        {
            length = 0;
            return CharClass.End;
        }

        var first = text[at];
        if (first < Ascii.Length)
        {
            return Ascii[first];
        }

        var status = Rune.DecodeFromUtf8(text[at..], out var rune, out length);
        return status switch
        {
            System.Buffers.OperationStatus.Done => Of(rune),
            System.Buffers.OperationStatus.NeedMoreData => CharClass.Cut,
            _ => CharClass.Other,
        };
    }

    private static CharClass Of(Rune rune)
    {
        if (rune.Value is '\r' or '\n')
        {
            return CharClass.Newline;
        }

        if (Rune.IsWhiteSpace(rune))
        {
            return CharClass.Space;
        }

        return Rune.GetUnicodeCategory(rune) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharClass.Upper,
            UnicodeCategory.LowercaseLetter => CharClass.Lower,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharClass.Plain,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.EnclosingMark => CharClass.Mark,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
                or UnicodeCategory.OtherNumber => CharClass.Number,
            _ => CharClass.Other,
        };
    }
}
