namespace TokenHub.Gateway.Forwarding;

/// <summary>Knows where the elements of a JSON array of objects end, as Gemini streams without events come.</summary>
internal static class ArrayEdge
{
    /// <summary>
    /// The position after the first element in bytes that begin between two elements, or before the array; -1 when
    /// none ends in them.
    /// </summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var at = bytes.IndexOf((byte)'{');
        var depth = 0;
        for (; at >= 0 && at < bytes.Length; at++)
        {
            switch (bytes[at])
            {
                case (byte)'"':
                    at = StringEnd(bytes, at + 1);
                    break;
                case (byte)'{':
                    depth++;
                    break;
                case (byte)'}' when --depth == 0:
                    return at + 1;
            }
        }

        return -1;
    }

    private static int StringEnd(ReadOnlySpan<byte> bytes, int at)
    {
        while (at < bytes.Length && bytes[at] != '"')
        {
            at += bytes[at] == '\\' ? 2 : 1;
        }

        return at;
    }
}
