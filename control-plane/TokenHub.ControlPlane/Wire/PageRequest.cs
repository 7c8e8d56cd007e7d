using System.Buffers.Text;
using System.Globalization;
using System.Reflection;
using System.Text;
using TokenHub.ControlPlane.Problems;

namespace TokenHub.ControlPlane.Wire;

/// <summary>
/// <c>?limit=&amp;cursor=</c> of a list. The cursor is the last row's place in its order, opaque to callers; there
/// are no page numbers and no counts, so that page one million costs what page one does.
/// </summary>
internal sealed record PageRequest(int Limit, string? After) : IBindableFromHttpContext<PageRequest>
{
    public const int LimitDefault = 50;
    public const int LimitMax = 200;
    private const int CursorLengthMax = 128;

    /// <summary>The row number after which the page begins, for lists ordered by one.</summary>
    public long? AfterNumber
    {
        get
        {
            if (After is null)
            {
                return null;
            }

            return long.TryParse(After, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw BadCursor();
        }
    }

    /// <summary>
    /// Cuts one row more than asked for back to the limit and makes the cursor from the last row kept.
    /// </summary>
    public Page<T> Cut<T>(IReadOnlyList<T> rows, Func<T, string> place) =>
        rows.Count <= Limit
            ? new Page<T>(rows, null)
            : new Page<T>([.. rows.Take(Limit)], Encode(place(rows[Limit - 1])));

    public static ValueTask<PageRequest?> BindAsync(HttpContext context, ParameterInfo parameter)
    {
        var query = context.Request.Query;
        var limit = LimitDefault;
        if (query.TryGetValue("limit", out var text)
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit)
                || limit is < 1 or > LimitMax))
        {
            throw RefusedException.Field("limit", "out_of_range", $"must be between 1 and {LimitMax}");
        }

        string? after = null;
        if (query.TryGetValue("cursor", out var cursor))
        {
            after = Decode(cursor.ToString());
        }

        return ValueTask.FromResult<PageRequest?>(new PageRequest(limit, after));
    }

    public static RefusedException BadCursor() =>
        RefusedException.Field("cursor", "bad_cursor", "is not a cursor of this list");

    private static string Encode(string place) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place));

    private static string Decode(string cursor)
    {
        if (cursor.Length is 0 or > CursorLengthMax || !Base64Url.IsValid(cursor))
        {
            throw BadCursor();
        }

        return Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
    }
}
