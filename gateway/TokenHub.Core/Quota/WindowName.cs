using System.Globalization;
using System.Text;
using TokenHub.Core.Snapshots;

namespace TokenHub.Core.Quota;

/// <summary>
/// What a window's count is kept under: made of all that says which uses it counts, and not of its limit. So a limit
/// can be changed while the count stands, and a window that counts otherwise begins with a count of its own.
/// </summary>
public static class WindowName
{
    private const ulong FnvBasis = 14_695_981_039_346_656_037;
    private const ulong FnvPrime = 1_099_511_628_211;

    public static string Of(WindowEntry window)
    {
        var text = string.Create(
            CultureInfo.InvariantCulture,
            $"{(int)window.Kind}|{(int)window.Unit}|{window.Count}|{window.AnchorMs}|{window.Timezone}");
        var hash = FnvBasis;
        foreach (var letter in Encoding.UTF8.GetBytes(text))
        {
            hash = unchecked((hash ^ letter) * FnvPrime);
        }

        return hash.ToString("x16", CultureInfo.InvariantCulture);
    }
}
