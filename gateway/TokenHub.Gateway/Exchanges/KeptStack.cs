using System.Diagnostics.CodeAnalysis;

namespace TokenHub.Gateway.Exchanges;

/// <summary>Things kept for use again, the last one first; bounded, thread-safe, keeping allocates nothing.</summary>
internal sealed class KeptStack<T>(int capacity)
    where T : class
{
    private const int FirstSlots = 8;
    private readonly Lock _gate = new();
    private T?[] _kept = new T?[Math.Min(FirstSlots, capacity)];
    private int _count;

    /// <summary>False when there is no room.</summary>
    public bool TryPush(T one)
    {
        lock (_gate)
        {
            if (_count == capacity)
            {
                return false;
            }

            if (_count == _kept.Length)
            {
                Array.Resize(ref _kept, Math.Min(capacity, _kept.Length * 2));
            }

            _kept[_count++] = one;
            return true;
        }
    }

    public bool TryPop([NotNullWhen(true)] out T? one)
    {
        lock (_gate)
        {
            if (_count == 0)
            {
                one = null;
                return false;
            }

            one = _kept[--_count]!;
            _kept[_count] = null;
            return true;
        }
    }

    /// <summary>Takes out all that meet a condition; the order of the others stays.</summary>
    public List<T> TakeWhere(Func<T, bool> condition)
    {
        List<T> taken = [];
        lock (_gate)
        {
            var left = 0;
            for (var i = 0; i < _count; i++)
            {
                var one = _kept[i]!;
                if (condition(one))
                {
                    taken.Add(one);
                }
                else
                {
                    _kept[left++] = one;
                }
            }

            Array.Clear(_kept, left, _count - left);
            _count = left;
        }

        return taken;
    }
}
